import { useLogin } from '../../context.ts';
import { hrefOf } from '../../router/route.ts';

/** Between one's own sessions and those of everybody, for whoever may see them. */
export function Whose({ isOfAll }: { readonly isOfAll: boolean }) {
  if (!useLogin().rights.has('sessions:manage')) return null;
  const places = [
    { name: 'Mine', href: hrefOf(['sessions']), isHere: !isOfAll },
    { name: 'Everybody’s', href: hrefOf(['sessions', 'users']), isHere: isOfAll },
  ];
  return (
    <nav class="whose" aria-label="Whose sessions">
      {places.map(({ name, href, isHere }) => (
        <a key={name} href={href} aria-current={isHere ? 'page' : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}
