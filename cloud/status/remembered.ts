/**
 * A question whose answer is good for a while: who asks meanwhile gets the same one, and waits for it together with the
 * others. A failure is not remembered.
 */
export function remembered<T>(
  ask: () => Promise<T>,
  { forMs, now }: { readonly forMs: number /** Milliseconds since the epoch. */; readonly now: () => number },
): () => Promise<T> {
  let kept: { readonly answer: Promise<T>; readonly until: number } | null = null;
  return () => {
    if (kept !== null && now() < kept.until) return kept.answer;
    const answer = ask();
    const mine = { answer, until: now() + forMs };
    kept = mine;
    answer.catch(() => {
      if (kept === mine) kept = null;
    });
    return answer;
  };
}
