import { ActionIcon, Button, Group, Select, Text, TextInput, Tooltip } from '@mantine/core';
import { IconPencil, IconPlus, IconSearch, IconTrash } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { DataTable, type DataTableColumn } from 'mantine-datatable';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { confirm } from './confirm.tsx';
import { EditDrawer } from './edit-drawer.tsx';
import type { Field, FieldValue } from './field.ts';
import { Page } from './page.tsx';
import { failed, Problem, told } from './problem.tsx';

/** What the manual's settings tables have in common: rows, a filter above them, and a drawer for each row. */
export interface SettingsTableProps<
  Row extends { readonly id: number },
  Form extends Record<string, FieldValue>,
> {
  readonly title: string;
  /** Kind of data for the query cache. */
  readonly kind: string;
  readonly load: () => Promise<{ readonly rows: readonly Row[] }>;
  readonly columns: DataTableColumn<Row>[];
  /** The text in which the search field looks. */
  readonly searchIn: (row: Row) => string;
  readonly searchLabel: string;
  readonly filter?: { readonly label: string; readonly of: (row: Row) => string };
  readonly nameOf: (row: Row) => string;
  readonly writable: boolean;
  readonly fieldsOf?: (row: Row | undefined) => readonly Field<Form>[];
  readonly formOf?: (row: Row | undefined) => Form;
  readonly create?: (form: Form) => Promise<unknown>;
  readonly update?: (row: Row, form: Form) => Promise<unknown>;
  readonly remove?: {
    readonly run: (row: Row) => Promise<unknown>;
    readonly allowed: (row: Row) => boolean;
    readonly warning: string;
  };
}

export function SettingsTable<Row extends { readonly id: number }, Form extends Record<string, FieldValue>>(
  props: SettingsTableProps<Row, Form>,
) {
  const { title, kind, load, columns, searchIn, searchLabel, filter, nameOf, writable } = props;
  const { fieldsOf, formOf, create, update, remove } = props;
  const [params, setParams] = useSearchParams();
  const [editing, setEditing] = useState<Row | 'new'>();
  const client = useQueryClient();
  const table = useQuery({ queryKey: [kind], queryFn: load });
  const rows = table.data?.rows ?? [];
  const search = params.get('search') ?? '';
  const owner = params.get('of');
  const shown = rows.filter(
    (row) =>
      searchIn(row).toLowerCase().includes(search.trim().toLowerCase()) &&
      (filter === undefined || owner === null || filter.of(row) === owner),
  );
  const setParam = (key: string, value: string | null): void =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === null || value === '') next.delete(key);
        else next.set(key, value);
        return next;
      },
      { replace: true },
    );
  const refresh = () => client.invalidateQueries({ queryKey: [kind] });
  const removeRow = async (row: Row): Promise<void> => {
    try {
      await remove?.run(row);
      told(`${nameOf(row)} has been deleted.`);
      await refresh();
    } catch (error) {
      failed(`Could not delete ${nameOf(row)}`, error);
    }
  };
  const askToRemove = (row: Row): void =>
    confirm(`Delete ${nameOf(row)}`, remove?.warning ?? '', 'Delete', () => void removeRow(row));
  const editable = writable && update !== undefined;
  const action: DataTableColumn<Row> = {
    accessor: 'action',
    title: 'Action',
    textAlign: 'right',
    width: remove === undefined ? 76 : 96,
    render: (row) => (
      <Group gap={4} justify="flex-end" wrap="nowrap">
        <Tooltip label="Edit">
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Edit ${nameOf(row)}`}
            onClick={() => setEditing(row)}
          >
            <IconPencil size={16} />
          </ActionIcon>
        </Tooltip>
        {remove !== undefined && (
          <Tooltip label={remove.allowed(row) ? 'Delete' : 'Cannot be deleted'}>
            <ActionIcon
              variant="subtle"
              color="red"
              aria-label={`Delete ${nameOf(row)}`}
              disabled={!remove.allowed(row)}
              onClick={() => askToRemove(row)}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
    ),
  };
  const row = editing === 'new' ? undefined : editing;
  const save = async (form: Form): Promise<void> => {
    if (row === undefined) await create?.(form);
    else await update?.(row, form);
    told(row === undefined ? 'Added.' : `${nameOf(row)} has been saved.`);
    await refresh();
  };
  return (
    <Page
      title={title}
      actions={
        writable &&
        create !== undefined && (
          <Button leftSection={<IconPlus size={16} />} onClick={() => setEditing('new')}>
            Add
          </Button>
        )
      }
    >
      <Group gap="xs" role="search">
        {filter !== undefined && (
          <Select
            placeholder={`All: ${filter.label}`}
            aria-label={filter.label}
            data={[...new Set(rows.map(filter.of))]}
            value={owner}
            onChange={(value) => setParam('of', value)}
            clearable
            searchable
            w={{ base: '100%', xs: 230 }}
          />
        )}
        <TextInput
          placeholder={searchLabel}
          aria-label={searchLabel}
          leftSection={<IconSearch size={16} />}
          value={search}
          onChange={(event) => setParam('search', event.currentTarget.value)}
          w={{ base: '100%', xs: 220 }}
        />
      </Group>
      {table.isError && table.data === undefined ? (
        <Problem error={table.error} retry={() => void table.refetch()} />
      ) : (
        <DataTable<Row>
          withTableBorder
          borderRadius="lg"
          highlightOnHover
          minHeight={shown.length === 0 ? 200 : 0}
          records={shown}
          fetching={table.isPending}
          noRecordsText={rows.length === 0 ? 'Nothing here yet' : 'Nothing fits this search'}
          columns={[
            {
              accessor: '#',
              title: '#',
              width: 48,
              render: (_, index) => (
                <Text span inherit c="dimmed" className="numbers">
                  {index + 1}
                </Text>
              ),
            },
            { accessor: 'id', title: 'ID', width: 60 },
            ...columns,
            ...(editable ? [action] : []),
          ]}
          {...(editable ? { pinLastColumn: true } : {})}
        />
      )}
      {fieldsOf !== undefined && formOf !== undefined && (
        <EditDrawer
          opened={editing !== undefined}
          title={row === undefined ? `Add: ${title}` : `Edit ${nameOf(row)}`}
          fields={fieldsOf(row)}
          initial={formOf(row)}
          save={save}
          onClose={() => setEditing(undefined)}
        />
      )}
    </Page>
  );
}
