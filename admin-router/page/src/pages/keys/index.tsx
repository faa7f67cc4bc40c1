import { KeysPage } from './keys-page.tsx';

export default function MyKeys() {
  return <KeysPage isOfAll={false} />;
}
