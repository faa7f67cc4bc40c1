import { KeysPage } from './keys-page.tsx';

export default function AllKeys() {
  return <KeysPage isOfAll />;
}
