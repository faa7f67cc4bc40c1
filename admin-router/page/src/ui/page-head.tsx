import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useSettings } from '../context.ts';

/** The first page that is shown leaves the focus where it is, unless a link was followed before it had come. */
let isFirst = true;

export interface PageHeadProps {
  readonly title: string;
  /** One line below it. */
  readonly lead?: ComponentChildren;
  /** The way back: links above the title. */
  readonly trail?: ComponentChildren;
  /** Buttons at the end of the line. */
  readonly actions?: ComponentChildren;
}

/** The heading of every page: names the document, and takes the focus when somebody comes here by navigation. */
export function PageHead({ title, lead, trail, actions }: PageHeadProps) {
  const settings = useSettings();
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = title === settings.title ? title : `${title} · ${settings.title}`;
  }, [title, settings.title]);
  useEffect(() => {
    const isFollowed = document.activeElement instanceof HTMLAnchorElement;
    const isInDialog = document.querySelector('dialog[open]') !== null;
    if (!isInDialog && (!isFirst || isFollowed)) ref.current?.focus({ preventScroll: true });
    if (!isFirst) scrollTo(0, 0);
    isFirst = false;
  }, []);
  return (
    <div class="page-head">
      {trail && <div class="trail">{trail}</div>}
      <div class="page-title">
        <h1 ref={ref} tabIndex={-1}>
          {title}
        </h1>
        {actions && <div class="actions">{actions}</div>}
      </div>
      {lead && <p class="lead">{lead}</p>}
    </div>
  );
}
