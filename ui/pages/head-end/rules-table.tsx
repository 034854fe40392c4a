import { ActionIcon, Badge, Button, Group, Stack, Text, Title, Tooltip } from '@mantine/core';
import { IconArrowBackUp, IconPencil, IconPlus } from '@tabler/icons-react';
import { DataTable, type DataTableColumn } from 'mantine-datatable';
import { useState } from 'react';
import { request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { durationText } from '../../format.ts';
import { confirm } from '../../parts/confirm.tsx';
import { EditDrawer } from '../../parts/edit-drawer.tsx';
import type { Field } from '../../parts/field.ts';
import { failed, Problem, told } from '../../parts/problem.tsx';
import { useKinds, useRules } from './queries.ts';
import { kindNames, type RuleForm, type RuleRow, routeNames, routeText, ruleOf, rulesOf } from './rules.ts';

const DELAY_HELP = 'It is kept back for so long, so that what belongs together goes together';

/** Priority, route and delay of what a destination is brought. */
export function RulesTable({
  destination,
  window,
}: {
  readonly destination: string;
  /** Of the channel; empty: any time. */
  readonly window: string;
}) {
  const writable = useRight('settings.write');
  const [editing, setEditing] = useState<RuleRow | 'new'>();
  const kinds = useKinds();
  const rules = useRules();
  const save = useChange(
    ({ class: name, ...body }: ReturnType<typeof ruleOf>) =>
      request('PUT /api/uplinks/rules/:destination/:class', {
        params: { destination, class: name },
        body,
      }),
    ['uplink-rules'],
  );
  const usual = useChange(
    (name: string) =>
      request('DELETE /api/uplinks/rules/:destination/:class', { params: { destination, class: name } }),
    ['uplink-rules'],
  );
  const error = kinds.error ?? rules.error;
  if (error !== null && (kinds.data === undefined || rules.data === undefined)) {
    return (
      <Problem
        error={error}
        retry={() => {
          void kinds.refetch();
          void rules.refetch();
        }}
      />
    );
  }
  const askForUsual = ({ label, class: name }: RuleRow): void =>
    confirm(
      'Back to usual',
      name.includes(':')
        ? `${label} is treated as its kind again.`
        : `${label} gets its usual priority, route and delay again.`,
      'Back to usual',
      () =>
        usual.mutate(name, {
          onSuccess: () => told(`${label}: the usual rule holds again.`),
          onError: (thrown) => failed('Could not change the rule', thrown),
        }),
    );
  const row = editing === 'new' ? undefined : editing;
  const eventKinds = (kinds.data?.rows ?? [])
    .filter(({ hasCodes }) => hasCodes)
    .map((kind) => kindNames[kind.class]);
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm">
        <Title order={2} size="h5">
          Rules of {destination}
        </Title>
        {writable && (
          <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => setEditing('new')}>
            Rule for an event code
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed" maw={760}>
        {(['now', 'window', 'never'] as const).map((route) => (
          <span key={route}>
            <b>{routeNames[route]}:</b> {routeText(route, window)}{' '}
          </span>
        ))}
        Priority 1 goes first; where the outbox is full, the oldest of the lowest priority is given up.
      </Text>
      <DataTable<RuleRow>
        withTableBorder
        borderRadius="lg"
        highlightOnHover
        idAccessor="class"
        records={[...rulesOf(kinds.data?.rows ?? [], rules.data?.rows ?? [], destination)]}
        fetching={kinds.isPending || rules.isPending}
        minHeight={kinds.isPending ? 200 : 0}
        columns={[...columns, ...(writable ? [actionColumn(setEditing, askForUsual)] : [])]}
        {...(writable ? { pinLastColumn: true } : {})}
      />
      <EditDrawer<RuleForm>
        opened={editing !== undefined}
        title={row === undefined ? `Event code to ${destination}` : `${row.label} to ${destination}`}
        fields={[...(row === undefined ? codeFields(eventKinds) : []), ...ruleFields(window)]}
        initial={formOf(row, eventKinds[0] ?? '')}
        save={async (form) => {
          await save.mutateAsync(ruleOf(form));
          told('The rule has been saved. It holds for what is stored from now on.');
        }}
        onClose={() => setEditing(undefined)}
      />
    </Stack>
  );
}

const codeFields = (eventKinds: readonly string[]): readonly Field<RuleForm>[] => [
  { key: 'kind', label: 'Events', kind: 'select', required: true, options: eventKinds },
  { key: 'code', label: 'Event code', kind: 'number', help: 'As the profile of the meters numbers them' },
];

const ruleFields = (window: string): readonly Field<RuleForm>[] => [
  { key: 'priority', label: 'Priority', kind: 'number', help: '1 = first, 5 = last' },
  {
    key: 'route',
    label: 'Route',
    kind: 'select',
    required: true,
    options: Object.values(routeNames),
    note: (value) => {
      const route = (['now', 'window', 'never'] as const).find((one) => routeNames[one] === value);
      return route === undefined ? '' : routeText(route, window);
    },
  },
  {
    key: 'delayS',
    label: 'Delay, seconds',
    kind: 'number',
    note: (value) =>
      typeof value === 'number' && value >= 60 ? `${DELAY_HELP} (${durationText(value)})` : DELAY_HELP,
  },
];

function formOf(row: RuleRow | undefined, firstKind: string): RuleForm {
  if (row === undefined) return { kind: firstKind, code: '', priority: 1, route: routeNames.now, delayS: 0 };
  const [kind = '', code = ''] = row.class.split(':');
  const name = Object.entries(kindNames).find(([key]) => key === kind)?.[1] ?? '';
  const { priority, route, delayS } = row;
  return { kind: name, code, priority, route: routeNames[route], delayS };
}

const columns: DataTableColumn<RuleRow>[] = [
  { accessor: 'label', title: 'What' },
  { accessor: 'priority', title: 'Priority', textAlign: 'right' },
  { accessor: 'route', title: 'Route', render: ({ route }) => routeNames[route] },
  {
    accessor: 'delayS',
    title: 'Delay',
    render: ({ delayS }) => (delayS === 0 ? 'none' : durationText(delayS)),
  },
  {
    accessor: 'own',
    title: 'Rule',
    render: ({ own }) => (
      <Badge color={own ? 'blue' : 'gray'} variant="light" tt="none" fw={500} miw="max-content">
        {own ? 'Own' : 'Usual'}
      </Badge>
    ),
  },
];

const actionColumn = (
  edit: (row: RuleRow) => void,
  askForUsual: (row: RuleRow) => void,
): DataTableColumn<RuleRow> => ({
  accessor: 'action',
  title: 'Action',
  textAlign: 'right',
  width: 96,
  render: (row) => (
    <Group gap={4} justify="flex-end" wrap="nowrap">
      <Tooltip label="Edit">
        <ActionIcon variant="subtle" color="gray" aria-label={`Edit ${row.label}`} onClick={() => edit(row)}>
          <IconPencil size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={row.own ? 'Back to usual' : 'Is the usual one'}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Back to usual: ${row.label}`}
          disabled={!row.own}
          onClick={() => askForUsual(row)}
        >
          <IconArrowBackUp size={16} />
        </ActionIcon>
      </Tooltip>
    </Group>
  ),
});
