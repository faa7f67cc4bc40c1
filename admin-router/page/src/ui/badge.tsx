import type { ComponentChildren } from 'preact';

export type Tone = 'good' | 'warn' | 'bad' | 'muted' | 'info';

/** A state in one word. The word says it; the colour only helps. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
