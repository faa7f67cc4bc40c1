import { useLogin } from '../../context.ts';
import { hrefOf } from '../../router/route.ts';

/** A policy by its name; a link for those who may look at it. */
export function PolicyLink({ id, name }: { readonly id: string; readonly name: string }) {
  const { rights } = useLogin();
  const mayRead = rights.has('policies:read') || rights.has('policies:manage');
  return mayRead ? <a href={hrefOf(['policies', id])}>{name}</a> : <span>{name}</span>;
}
