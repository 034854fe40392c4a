import type { Right } from '../../src/api/contract.ts';

export interface Entry {
  readonly label: string;
  readonly to: string;
  readonly right: Right;
}

export interface Section {
  readonly label: string;
  readonly entries: readonly Entry[];
}

/** The manual's menu, as far as there are pages. */
export const sections: readonly Section[] = [
  {
    label: 'Event',
    entries: [
      { label: 'Concentrator Log', to: '/events/logbook', right: 'readings.read' },
      { label: 'Audit Trail', to: '/events/audit', right: 'audit.read' },
    ],
  },
  {
    label: 'Operating',
    entries: [
      { label: 'Meter Reading', to: '/reading', right: 'meters.read' },
      { label: 'Balance', to: '/balance', right: 'readings.read' },
      { label: 'Networks', to: '/networks', right: 'meters.read' },
      { label: 'Lines', to: '/lines', right: 'readings.read' },
      { label: 'Head-end', to: '/head-end', right: 'settings.read' },
    ],
  },
  {
    label: 'Archive',
    entries: [
      { label: 'Meters', to: '/meters', right: 'meters.read' },
      { label: 'Find Devices', to: '/discovery', right: 'meters.read' },
      { label: 'Found Devices', to: '/found', right: 'meters.read' },
      { label: 'Blacklist', to: '/blacklist', right: 'meters.read' },
    ],
  },
  {
    label: 'Setting',
    entries: [
      { label: 'System', to: '/settings/system', right: 'settings.read' },
      { label: 'Task', to: '/settings/tasks', right: 'tasks.read' },
      { label: 'Task Item', to: '/settings/task-items', right: 'tasks.read' },
      { label: 'Channel', to: '/settings/channels', right: 'settings.read' },
      { label: 'Channel Attribution', to: '/settings/channel-attributes', right: 'settings.read' },
      { label: 'Protocol', to: '/settings/protocols', right: 'settings.read' },
      { label: 'Protocol Attribution', to: '/settings/protocol-attributes', right: 'settings.read' },
      { label: 'Network Keys', to: '/settings/network-keys', right: 'settings.read' },
      { label: 'Meter Profile', to: '/settings/profiles', right: 'meters.read' },
    ],
  },
];

/** What of the menu these rights open. */
export function allowed(rights: readonly string[]): readonly Section[] {
  return sections
    .map((section) => ({
      ...section,
      entries: section.entries.filter((entry) => rights.includes(entry.right)),
    }))
    .filter((section) => section.entries.length > 0);
}
