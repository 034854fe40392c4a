import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { MeterFilters } from './filters.ts';

/** Part of a MeterNo, searched for once the typing pauses. `wide`: width in pixels where the page has room. */
export function MeterSearch({
  filters: { query, set },
  wide,
}: {
  readonly filters: MeterFilters;
  readonly wide: number;
}) {
  const [typed, setTyped] = useState(query.search ?? '');
  const search = useDebouncedCallback((value: string) => set({ search: value.trim() }), 250);
  useEffect(() => setTyped(query.search ?? ''), [query.search]);
  return (
    <TextInput
      placeholder="Search MeterNo"
      aria-label="Search MeterNo"
      leftSection={<IconSearch size={16} />}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        search(event.currentTarget.value);
      }}
      w={{ base: '100%', xs: wide }}
    />
  );
}
