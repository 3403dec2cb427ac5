type WorkingProps = Readonly<{
  progress: Readonly<{ stage: string; done: number; of: number }> | undefined;
  cancel(): void;
  /** Whether ending it gives up what is open, and what that has learnt. */
  forgets: boolean;
}>;

/** What is being computed, how far it is, and a button that ends it. */
export function Working({ progress, cancel, forgets }: WorkingProps) {
  return (
    <div class="working" role="status">
      {progress && (
        <>
          <progress value={progress.done} max={progress.of} aria-label={progress.stage} />
          <span>{progress.stage}</span>
          <button type="button" class="small" onClick={cancel}>
            {forgets ? "Cancel, and forget what is open" : "Cancel"}
          </button>
        </>
      )}
    </div>
  );
}
