import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../../ui/icon.tsx';

export interface MenuItem {
  readonly text: string;
  /** Default false. */
  readonly isHarmful?: boolean;
  readonly onChoose: () => void;
}

/** Between the button and the menu, and the menu and the edge of the window, in px. */
const GAP = 4;

/** A button that opens a menu (the pattern "menu button" of WAI-ARIA): arrows, Home, End, Escape; the focus comes back to it. */
export function Menu({ label, items }: { readonly label: string; readonly items: readonly MenuItem[] }) {
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = () => {
    setIsOpen(false);
    button.current?.focus({ preventScroll: true });
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class="icon-button"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setIsOpen(!isOpen)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
          event.preventDefault();
          setIsOpen(true);
        }}
      >
        <Icon name="more" />
      </button>
      {isOpen && (
        <OpenMenu id={id} label={label} items={items} button={button.current} onClose={close} onLeave={setIsOpen} />
      )}
    </>
  );
}

interface OpenMenuProps {
  readonly id: string;
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly button: HTMLElement | null;
  /** The focus goes back to the button. */
  readonly onClose: () => void;
  /** The focus stays where the user has put it. */
  readonly onLeave: (isOpen: false) => void;
}

function OpenMenu({ id, label, items, button, onClose, onLeave }: OpenMenuProps) {
  const ref = useRef<HTMLDivElement>(null);
  const entries = () => [...(ref.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];

  useLayoutEffect(() => {
    if (ref.current && button) place(ref.current, button);
    entries()[0]?.focus({ preventScroll: true });
  }, []);

  useEffect(() => {
    const onPointer = ({ target }: Event) => {
      if (target instanceof Node && !ref.current?.contains(target) && !button?.contains(target)) onLeave(false);
    };
    addEventListener('pointerdown', onPointer);
    addEventListener('scroll', onClose, true); // it stands where the button was
    addEventListener('resize', onClose);
    return () => {
      removeEventListener('pointerdown', onPointer);
      removeEventListener('scroll', onClose, true);
      removeEventListener('resize', onClose);
    };
  }, [button]);

  const onKeyDown = (event: KeyboardEvent) => {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === 'Escape') onClose();
    else if (event.key === 'Tab') return onLeave(false);
    else if (next === undefined) return;
    else all.at(next % all.length)?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div ref={ref} id={id} class="menu" role="menu" tabIndex={-1} aria-label={label} onKeyDown={onKeyDown}>
      {items.map(({ text, isHarmful = false, onChoose }) => (
        <button
          key={text}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={isHarmful ? 'harmful' : ''}
          onClick={() => {
            onClose();
            onChoose();
          }}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** Below the button, its right end under the button's; above it where there is no room. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const hasRoom = at.bottom + GAP + height + GAP <= innerHeight;
  menu.style.left = `${Math.max(GAP, at.right - width)}px`;
  menu.style.top = `${hasRoom ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
}
