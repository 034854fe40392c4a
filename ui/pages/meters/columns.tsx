import { ActionIcon, Group, Text, Tooltip } from '@mantine/core';
import { IconPencil, IconTrash } from '@tabler/icons-react';
import type { DataTableColumn } from 'mantine-datatable';
import type { Meter } from '../../../src/api/contract.ts';
import { EnabledBadge, StandingBadge, StateBadge } from '../../parts/badges.tsx';
import { MeterLink } from '../../parts/meter-link.tsx';
import { NOT_A_PHONE, OnPhone } from '../../parts/phone.tsx';
import { Time, TimeAgo } from '../../parts/time.tsx';

/** On a phone a meter is one cell: its number with its state below. */
const onPhones: readonly unknown[] = ['meterNo', 'action'];

export interface MeterActions {
  readonly writable: boolean;
  readonly edit: (meter: Meter) => void;
  readonly remove: (meter: Meter) => void;
}

export interface ChoosableColumn {
  readonly key: string;
  readonly title: string;
  /** Shown before the user has chosen. */
  readonly usual: boolean;
}

/** The columns of Figure 8, and four of our own: State, Profile, Last answer and Offline since. `#` and MeterNo always stay. */
export const choosable: readonly ChoosableColumn[] = [
  { key: 'id', title: 'ID', usual: true },
  { key: 'enabled', title: 'Status', usual: true },
  { key: 'state', title: 'State', usual: true },
  { key: 'mac', title: 'MAC', usual: true },
  { key: 'channel', title: 'Channel', usual: true },
  { key: 'meterType', title: 'MeterType', usual: true },
  { key: 'phase', title: 'Phase', usual: true },
  { key: 'credit', title: 'Credit', usual: true },
  { key: 'task', title: 'Task', usual: true },
  { key: 'prepaid', title: 'Prepaid', usual: true },
  { key: 'wiring', title: 'Wiring', usual: true },
  { key: 'password', title: 'Password', usual: true },
  { key: 'profile', title: 'Profile', usual: false },
  { key: 'lastSeen', title: 'Last answer', usual: false },
  { key: 'offlineSince', title: 'Offline since', usual: false },
];

export function meterColumns(firstNumber: number, actions: MeterActions): DataTableColumn<Meter>[] {
  const columns: DataTableColumn<Meter>[] = [
    {
      accessor: 'number',
      title: '#',
      width: 48,
      render: (_, index) => (
        <Text span inherit c="dimmed" className="numbers">
          {firstNumber + index}
        </Text>
      ),
    },
    { accessor: 'id', title: 'ID', sortable: true, width: 64 },
    {
      accessor: 'meterNo',
      title: 'MeterNo',
      sortable: true,
      render: (meter) => (
        <>
          <MeterLink meter={meter} />
          <OnPhone>
            <Group gap={6} mt={4} wrap="nowrap">
              <StateBadge meter={meter} />
              {!meter.enabled && <EnabledBadge enabled={false} />}
            </Group>
          </OnPhone>
        </>
      ),
    },
    {
      accessor: 'enabled',
      title: 'Status',
      sortable: true,
      render: (meter) => <EnabledBadge enabled={meter.enabled} />,
    },
    {
      accessor: 'state',
      title: 'State',
      render: (meter) => (
        <Group gap={6} wrap="nowrap">
          <StateBadge meter={meter} />
          <StandingBadge meter={meter} />
        </Group>
      ),
    },
    { accessor: 'mac', title: 'MAC' },
    { accessor: 'channel', title: 'Channel', sortable: true },
    { accessor: 'meterType', title: 'MeterType' },
    { accessor: 'phase', title: 'Phase' },
    { accessor: 'credit', title: 'Credit' },
    { accessor: 'task', title: 'Task', sortable: true },
    { accessor: 'prepaid', title: 'Prepaid' },
    { accessor: 'wiring', title: 'Wiring' },
    {
      accessor: 'password',
      title: 'Password',
      render: (meter) =>
        meter.hasPassword ? (
          '***'
        ) : (
          <Text span inherit c="dimmed">
            none
          </Text>
        ),
    },
    { accessor: 'profile', title: 'Profile' },
    {
      accessor: 'lastSeen',
      title: 'Last answer',
      sortable: true,
      render: (meter) => <Time ms={meter.lastSeen} />,
    },
    {
      accessor: 'offlineSince',
      title: 'Offline since',
      sortable: true,
      render: (meter) => <TimeAgo ms={meter.offlineSince} />,
    },
    ...(actions.writable
      ? [
          {
            accessor: 'action',
            title: 'Action',
            textAlign: 'right' as const,
            width: 92,
            render: (meter: Meter) => (
              <Group gap={4} justify="flex-end" wrap="nowrap">
                <Tooltip label="Edit">
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Edit ${meter.meterNo}`}
                    onClick={() => actions.edit(meter)}
                  >
                    <IconPencil size={16} />
                  </ActionIcon>
                </Tooltip>
                <Tooltip label="Delete">
                  <ActionIcon
                    variant="subtle"
                    color="red"
                    aria-label={`Delete ${meter.meterNo}`}
                    onClick={() => actions.remove(meter)}
                  >
                    <IconTrash size={16} />
                  </ActionIcon>
                </Tooltip>
              </Group>
            ),
          },
        ]
      : []),
  ];
  return columns.map((column) =>
    onPhones.includes(column.accessor) ? column : { ...column, visibleMediaQuery: NOT_A_PHONE },
  );
}
