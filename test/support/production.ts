/** Runs `body` as if in production; of what it makes, only that counts which is made before its first await. */
export function inProduction<Made>(body: () => Made): Made {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    return body();
  } finally {
    process.env.NODE_ENV = before;
  }
}
