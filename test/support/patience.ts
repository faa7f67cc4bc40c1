/** Of stores in tests of other things than time-outs: a machine that does much besides must not fail them. */
export const PATIENT = { timeoutMs: 20_000 } as const;
