type WorkingProps = Readonly<{
  progress: Readonly<{ stage: string; done: number; of: number }> | undefined;
  cancel(): void;
}>;

/** What is being computed, how far it is, and a button that ends it. */
export function Working({ progress, cancel }: WorkingProps) {
  return (
    <div class="working" role="status">
      {progress && (
        <>
          <progress value={progress.done} max={progress.of} aria-label={progress.stage} />
          <span>{progress.stage}</span>
          <button type="button" class="small" onClick={cancel}>
            Cancel
          </button>
        </>
      )}
    </div>
  );
}
