import { useId } from 'preact/hooks';
import { Field } from '../../ui/field.tsx';

/** Of the API, in characters. */
const REASON_LENGTH = 500;
/** A longer name, or one that cannot be seen, is not asked to be typed. */
const TYPED_LENGTH = 40;

interface TextProps {
  readonly value: string;
  readonly onInput: (value: string) => void;
}

/** What has to be typed before the key of this name is revoked. */
export function typedFor(name: string): string {
  const words = name.trim().replace(/\s+/g, ' ');
  return words === '' || words.length > TYPED_LENGTH ? 'revoke' : words;
}

export function isTyped(text: string, wanted: string): boolean {
  return text.trim().replace(/\s+/g, ' ') === wanted;
}

export function ReasonField({ value, onInput }: TextProps) {
  return (
    <Field label="Reason" path="reason" isOptional hint="Stands in the audit trail, and beside the key.">
      {(control) => (
        <input
          {...control}
          value={value}
          maxLength={REASON_LENGTH}
          autocomplete="off"
          placeholder="Such as: leaked, no longer needed"
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function TypedField({ value, onInput, wanted }: TextProps & { readonly wanted: string }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>
        Type <strong class="typed">{wanted}</strong> to confirm
      </label>
      <input
        id={id}
        value={value}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </div>
  );
}
