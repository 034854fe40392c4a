import { isInWindow, parseWindow } from '../tasks/window.ts';
import type { UplinkSettings } from './uplink-kinds.ts';

/** Whether what waits for the window of a channel may go. @throws DcuError `invalid-field` for a window that is none */
export function windowOf(settings: UplinkSettings, zone: () => string): (nowMs: number) => boolean {
  const text = settings.text('window');
  if (text === '') return () => true;
  const window = parseWindow(text);
  return (nowMs) => isInWindow(window, nowMs, zone());
}
