type Mark = readonly [name: string, mark: RegExp];

/** The first that fits: what imitates another one stands before it. */
const PROGRAMS: readonly Mark[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\b(?:OPR|Opera)\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|HeadlessChrome|Chromium|CriOS)\//],
  ['Safari', /\bVersion\/[\d.]+ (?:Mobile\/\w+ )?Safari\//],
  ['curl', /^curl\//],
  ['Python', /^python-|\bPython-urllib\//i],
  ['Node.js', /^(?:node|undici|axios)\b/],
  ['PowerShell', /\bPowerShell\//],
  ['Postman', /^PostmanRuntime\//],
];
const SYSTEMS: readonly Mark[] = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['Windows', /\bWindows\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['macOS', /\bMac(?:intosh|OS| OS X)\b/],
  ['Linux', /\b(?:Linux|X11)\b/],
];

/** A `User-Agent` in words: `Chrome on Windows`; what is not known as it came, cut. */
export function deviceOf(userAgent: string | null): string {
  if (userAgent === null || userAgent.trim() === '') return 'Unknown device';
  const program = nameIn(PROGRAMS, userAgent);
  const system = nameIn(SYSTEMS, userAgent);
  if (program !== null && system !== null) return `${program} on ${system}`;
  return program ?? system ?? userAgent.slice(0, 40);
}

function nameIn(marks: readonly Mark[], text: string): string | null {
  return marks.find(([, mark]) => mark.test(text))?.[0] ?? null;
}
