import { Button, Group, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch, IconX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { NetworkView } from './filters.ts';
import { isOf, SHOWS, type Show, type Topology } from './nodes.ts';

const names: Readonly<Record<Show, string>> = {
  orphans: 'Orphans',
  gone: 'Not seen lately',
  weak: 'Weak links',
  unknown: 'Unknown devices',
};

/** What of the network is shown, and how. */
export function NetworkFilter({
  look,
  topology,
}: {
  readonly look: NetworkView;
  readonly topology: Topology;
}) {
  const { filter, filtered, view, set } = look;
  const [typed, setTyped] = useState(filter.search);
  const search = useDebouncedCallback((value: string) => set({ search: value.trim() }), 250);
  useEffect(() => setTyped(filter.search), [filter.search]);
  const counted = SHOWS.map((show) => ({
    value: show,
    label: `${names[show]} (${topology.nodes.filter((node) => isOf(show, node, topology)).length})`,
  }));
  return (
    <Group gap="xs" role="search">
      <TextInput
        placeholder="Search MeterNo or address"
        aria-label="Search MeterNo or address"
        leftSection={<IconSearch size={16} />}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          search(event.currentTarget.value);
        }}
        w={{ base: '100%', xs: 230 }}
      />
      <Select
        placeholder="All nodes"
        aria-label="Show"
        data={counted}
        value={filter.show}
        onChange={(show) => set({ show })}
        clearable
        w={{ base: '58%', xs: 190 }}
      />
      <Select
        placeholder="Any phase"
        aria-label="Phase"
        data={[1, 2, 3].map((phase) => ({ value: String(phase), label: `Phase L${phase}` }))}
        value={filter.phase === null ? null : String(filter.phase)}
        onChange={(phase) => set({ phase })}
        clearable
        w={{ base: '38%', xs: 130 }}
      />
      <SegmentedControl
        aria-label="View"
        data={[
          { value: 'tree', label: 'Tree' },
          { value: 'table', label: 'Table' },
        ]}
        value={view}
        onChange={(value) => set({ view: value === 'tree' ? null : value })}
      />
      {filtered && (
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconX size={14} />}
          onClick={() => set({ search: null, show: null, phase: null })}
        >
          Clear
        </Button>
      )}
    </Group>
  );
}
