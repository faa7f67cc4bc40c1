import { useStore } from '../store.ts';
import { theme, toggleTheme } from '../theme.ts';
import { Icon } from './icon.tsx';

export function ThemeButton() {
  const isDark = useStore(theme) === 'dark';
  const label = isDark ? 'Use light colours' : 'Use dark colours';
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={toggleTheme}>
      <Icon name={isDark ? 'sun' : 'moon'} />
    </button>
  );
}
