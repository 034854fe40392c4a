import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** Deep water: calm beside red and amber, which are kept for what needs attention. */
const tide: MantineColorsTuple = [
  '#e9f8fb',
  '#d6eef3',
  '#aedce6',
  '#83cad9',
  '#60bacd',
  '#4ab0c6',
  '#3aa6bd',
  '#2a8ca1',
  '#1a7488',
  '#065c6e',
];

export const theme = createTheme({
  primaryColor: 'tide',
  primaryShade: { light: 8, dark: 7 },
  colors: { tide },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Ubuntu, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", "DejaVu Sans Mono", monospace',
  components: {
    // No wider than a phone.
    Tooltip: { defaultProps: { multiline: true, maw: 'min(420px, 86vw)' } },
    Modal: { styles: { title: { fontWeight: 600 } } },
  },
  headings: { fontWeight: '600' },
});
