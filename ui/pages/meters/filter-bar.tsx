import { Button, Group, Select } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useChoices } from '../../api/queries.ts';
import { stateNames } from '../../format.ts';
import { type MeterFilters, silences } from './filters.ts';
import { MeterSearch } from './meter-search.tsx';

/** Channel, task, status, state and MeterNo, as in the manual's bar above the table (Figure 8). */
export function FilterBar({ filters }: { readonly filters: MeterFilters }) {
  const { query, set, filtered, silent } = filters;
  const choices = useChoices().data;
  return (
    <Group gap="xs" role="search">
      <MeterSearch filters={filters} wide={190} />
      <Select
        placeholder="All channels"
        aria-label="Channel"
        data={choices?.channels.map((channel) => channel.name) ?? []}
        value={query.channel ?? null}
        onChange={(channel) => set({ channel })}
        clearable
        w={{ base: '47%', xs: 170 }}
      />
      <Select
        placeholder="All tasks"
        aria-label="Task"
        data={choices?.tasks ?? []}
        value={query.task ?? null}
        onChange={(task) => set({ task })}
        clearable
        w={{ base: '47%', xs: 160 }}
      />
      <Select
        placeholder="Any status"
        aria-label="Status"
        data={[
          { value: 'true', label: 'Enable' },
          { value: 'false', label: 'Disable' },
        ]}
        value={query.enabled === undefined ? null : String(query.enabled)}
        onChange={(enabled) => set({ enabled })}
        clearable
        w={{ base: '47%', xs: 130 }}
      />
      <Select
        placeholder="Any state"
        aria-label="State"
        data={Object.entries(stateNames).map(([value, label]) => ({ value, label }))}
        value={query.state ?? null}
        onChange={(state) => set({ state })}
        clearable
        w={{ base: '47%', xs: 150 }}
      />
      <Select
        placeholder="Silent or not"
        aria-label="Offline for"
        data={silences.map(({ key, label }) => ({ value: key, label }))}
        value={silent}
        onChange={(value) => set({ silent: value })}
        clearable
        w={{ base: '47%', xs: 160 }}
      />
      {filtered && (
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconX size={14} />}
          onClick={() =>
            set({ search: null, channel: null, task: null, enabled: null, state: null, silent: null })
          }
        >
          Clear
        </Button>
      )}
    </Group>
  );
}
