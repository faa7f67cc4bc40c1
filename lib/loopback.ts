/** Whether an address is this very host's: 127.0.0.0/8, also as it comes mapped into IPv6, and ::1. */
export function isLoopback(address: string): boolean {
  if (address === '127.0.0.1' || address === '::1') return true; // as nearly always
  return /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/i.test(address);
}
