import { useEffect, useState } from 'preact/hooks';

/** How long nothing is typed until what was typed is looked at, in ms. */
const SETTLED_AFTER_MS = 350;

/** The value as it is once it has stopped changing for a moment. */
export function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(() => value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(() => value), SETTLED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
