export interface PageProps {
  /** What stands for `:id` and so on in the path. */
  readonly params: Readonly<Record<string, string>>;
}
