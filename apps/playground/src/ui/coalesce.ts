/**
 * Work that is done one at a time: asked for while it is done, it is done once more afterwards, however often that was,
 * so that the last one has seen all that was chosen.
 */
export function coalesce(work: () => Promise<void>): () => Promise<void> {
  let going: Promise<void> | undefined;
  let asked = false;
  const go = async (): Promise<void> => {
    try {
      while (asked) {
        asked = false;
        await work();
      }
    } finally {
      going = undefined;
    }
  };
  return () => {
    asked = true;
    going ??= go();
    return going;
  };
}
