import { ActionIcon, Button, Checkbox, Group, Menu, Paper, Text, Tooltip } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconColumns3, IconDownload, IconPlus, IconUpload } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { DataTable } from 'mantine-datatable';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import type { Meter } from '../../../src/api/contract.ts';
import { queryString, request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { confirm, confirmTyped } from '../../parts/confirm.tsx';
import { Page } from '../../parts/page.tsx';
import { failed, Problem, told } from '../../parts/problem.tsx';
import { choosable, meterColumns } from './columns.tsx';
import { FilterBar } from './filter-bar.tsx';
import { PAGE_SIZES, useMeterFilters } from './filters.ts';
import { ImportDrawer } from './import-drawer.tsx';
import { MeterDrawer } from './meter-drawer.tsx';

const usualColumns = choosable.filter((column) => column.usual).map((column) => column.key);

/** Archive → Meters (Figure 8). */
export default function Meters() {
  const filters = useMeterFilters();
  const { query, page, pageSize, set } = filters;
  const [params] = useSearchParams();
  const [editing, setEditing] = useState<Meter | undefined>();
  const adding = params.get('add') === '1';
  const [selected, setSelected] = useState<Meter[]>([]);
  const [shown, setShown] = useLocalStorage({ key: 'opendcu.meter-columns', defaultValue: usualColumns });
  const writable = useRight('meters.write');
  const meters = useQuery({
    queryKey: ['meters', query],
    queryFn: () => request('GET /api/meters', { query }),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  const remove = useChange(
    ({ id, balance, meterNo }: Meter) =>
      request('DELETE /api/meters/:id', {
        params: { id },
        query: balance === true ? { confirm: meterNo } : {},
      }),
    ['meters', 'home', 'choices', 'balance'],
  );
  const enable = useChange(
    (enabled: boolean) =>
      request('POST /api/meters/enable', { body: { ids: selected.map((meter) => meter.id), enabled } }),
    ['meters', 'home'],
  );
  const switchSelected = (enabled: boolean): void =>
    enable.mutate(enabled, {
      onSuccess: ({ changed }) => {
        setSelected([]);
        told(`${changed} ${changed === 1 ? 'meter' : 'meters'} ${enabled ? 'enabled' : 'disabled'}.`);
      },
      onError: (error) => failed('Could not change the status', error),
    });
  const askToRemove = (meter: Meter): void =>
    confirmTyped(
      'Delete meter',
      meter.balance === true
        ? `Meter ${meter.meterNo} is a balance meter. All that was read of it and the balances of its transformer will be deleted. This cannot be undone.`
        : `Meter ${meter.meterNo} and all that was read of it will be deleted. This cannot be undone.`,
      meter.meterNo,
      'Delete',
      () =>
        remove.mutate(meter, {
          onSuccess: () => told(`Meter ${meter.meterNo} has been deleted.`),
          onError: (error) => failed('Could not delete the meter', error),
        }),
    );
  const columns = meterColumns((page - 1) * pageSize + 1, {
    writable,
    edit: setEditing,
    remove: askToRemove,
  });
  const visible = columns.filter(
    ({ accessor }) =>
      !choosable.some((column) => column.key === accessor) || shown.includes(String(accessor)),
  );
  const { offset: _offset, limit: _limit, ...exported } = query;
  return (
    <Page
      title="Meters"
      actions={
        <>
          <Tooltip label="Download what is filtered as CSV">
            <Button
              component="a"
              href={`/api/meters.csv${queryString(exported)}`}
              download
              variant="default"
              leftSection={<IconDownload size={16} />}
            >
              CSV
            </Button>
          </Tooltip>
          <ColumnChooser shown={shown} setShown={setShown} />
          {writable && (
            <Button
              variant="default"
              leftSection={<IconUpload size={16} />}
              onClick={() => set({ import: '1' })}
            >
              Import
            </Button>
          )}
          {writable && (
            <Button leftSection={<IconPlus size={16} />} onClick={() => set({ add: '1' })}>
              Add meter
            </Button>
          )}
        </>
      }
    >
      <FilterBar filters={filters} />
      {selected.length > 0 && (
        <Paper withBorder p="xs" px="md" radius="md">
          <Group gap="sm">
            <Text size="sm" fw={500}>
              {selected.length} selected
            </Text>
            <Button size="xs" variant="light" onClick={() => switchSelected(true)} loading={enable.isPending}>
              Enable
            </Button>
            <Button
              size="xs"
              variant="light"
              color="orange"
              loading={enable.isPending}
              onClick={() =>
                confirm(
                  'Disable meters',
                  `${selected.length} meters will not be read until they are enabled again. Their data stays.`,
                  'Disable',
                  () => switchSelected(false),
                )
              }
            >
              Disable
            </Button>
            <Button size="xs" variant="subtle" color="gray" onClick={() => setSelected([])}>
              Clear selection
            </Button>
          </Group>
        </Paper>
      )}
      {meters.isError && meters.data === undefined ? (
        <Problem error={meters.error} retry={() => void meters.refetch()} />
      ) : (
        <DataTable<Meter>
          withTableBorder
          borderRadius="lg"
          highlightOnHover
          verticalSpacing="xs"
          minHeight={meters.data?.rows.length === 0 || meters.data === undefined ? 240 : 0}
          records={meters.data?.rows ?? []}
          columns={visible}
          fetching={meters.isPending}
          noRecordsText={
            filters.filtered ? 'No meter fits these filters' : 'There are no meters yet: add the first one'
          }
          totalRecords={meters.data?.total ?? 0}
          page={page}
          onPageChange={(next) => set({ page: String(next) })}
          recordsPerPage={pageSize}
          recordsPerPageOptions={PAGE_SIZES}
          onRecordsPerPageChange={(size) => set({ size: String(size) })}
          sortStatus={{
            columnAccessor: query.sort ?? 'id',
            direction: query.descending === true ? 'desc' : 'asc',
          }}
          onSortStatusChange={({ columnAccessor, direction }) =>
            set({ sort: String(columnAccessor), desc: direction === 'desc' ? '1' : null })
          }
          {...(writable ? { selectedRecords: selected, onSelectedRecordsChange: setSelected } : {})}
          pinLastColumn={writable}
        />
      )}
      <MeterDrawer
        work={editing === undefined ? (adding ? { do: 'add' } : undefined) : { do: 'edit', meter: editing }}
        onClose={() => {
          setEditing(undefined);
          set({ add: null });
        }}
      />
      <ImportDrawer opened={params.get('import') === '1'} onClose={() => set({ import: null })} />
    </Page>
  );
}

function ColumnChooser({
  shown,
  setShown,
}: {
  readonly shown: readonly string[];
  readonly setShown: (keys: string[]) => void;
}) {
  return (
    <Menu closeOnItemClick={false} position="bottom-end">
      <Menu.Target>
        <Tooltip label="Choose columns">
          <ActionIcon variant="default" size={36} aria-label="Choose columns">
            <IconColumns3 size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {choosable.map(({ key, title }) => (
          <Menu.Item key={key} component="div" py={6}>
            <Checkbox
              label={title}
              checked={shown.includes(key)}
              onChange={(event) =>
                setShown(
                  event.currentTarget.checked ? [...shown, key] : shown.filter((other) => other !== key),
                )
              }
            />
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
