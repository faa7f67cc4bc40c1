/**
 * What makes a key, changes it and gives it another secret.
 *
 * Creating is a page, `#/keys/new` (`hrefOf(NEW_KEY)`): link to it. The others are dialogs: rendered while they are open. Exactly one of
 * `onDone` and `onClose` is called, once, and whoever renders the dialog then takes it away; the focus goes back by itself, and what
 * was done has been announced.
 */
export { CreateKey, type CreateKeyProps } from './create-key.tsx';
export { EditKey } from './edit-key.tsx';
export { type KeyDialogProps, NEW_KEY } from './key-dialog-props.ts';
export { RotateKey } from './rotate-key.tsx';
