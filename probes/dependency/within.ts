import { ProbeFault } from "../classify.ts";

/**
 * Waits for something no longer than the signal allows; what comes later is dropped. Throws what the work
 * throws, or a ProbeFault of class timeout that names what was being done.
 */
export async function within<T>(signal: AbortSignal, doing: string, work: Promise<T>): Promise<T> {
  const over = Promise.withResolvers<never>();
  const end = (): void => over.reject(overdue(signal, doing));
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([over.promise, work]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function overdue({ reason }: AbortSignal, doing: string): ProbeFault {
  const told = reason instanceof ProbeFault ? reason.message : "no answer before the deadline";
  return new ProbeFault("timeout", `${told} (${doing})`, reason);
}
