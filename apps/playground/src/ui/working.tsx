type WorkingProps = Readonly<{
  /** Label of the button. Default: Cancel. */
  label?: string;
  progress: Readonly<{ stage: string; done: number; of: number }> | undefined;
  cancel(): void;
}>;

/** The present task, its progress, and a button that cancels it. */
export function Working({ label = "Cancel", progress, cancel }: WorkingProps) {
  return (
    <div class="working" role="status">
      {progress && (
        <>
          <progress value={progress.done} max={progress.of} aria-label={progress.stage} />
          <span>{progress.stage}</span>
          <button type="button" class="small" onClick={cancel}>
            {label}
          </button>
        </>
      )}
    </div>
  );
}
