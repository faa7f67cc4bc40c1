import { useLogin } from '../../context.ts';
import { hrefOf, navigate } from '../../router/route.ts';
import { PageHead } from '../../ui/page-head.tsx';
import { CreateKey } from './create-key.tsx';

/** `#/keys/new` */
export default function NewKeyPage() {
  const { rights } = useLogin();
  const hasOwn = rights.has('keys:manage-own') || rights.has('keys:manage');
  const list = [hasOwn ? 'keys' : 'all-keys'];
  return (
    <>
      <PageHead
        title="New key"
        lead="For a program that calls the API in your name, without your password."
        trail={<a href={hrefOf(list)}>{hasOwn ? 'My keys' : 'All keys'}</a>}
      />
      <CreateKey onDone={({ id }) => navigate(['keys', id])} onClose={() => navigate(list)} />
    </>
  );
}
