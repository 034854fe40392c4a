import { Button, Group, Text } from '@mantine/core';
import { request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { failed, told } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';
import type { Module } from './module-words.ts';

/** Devices may register: until when, and the way to end it. */
export function SearchProgress({ module: { channel, searchingUntil } }: { readonly module: Module }) {
  const mayEnd = useRight('meters.write');
  const end = useChange(
    () => request('DELETE /api/networks/:channel/discover', { params: { channel } }),
    ['modules', 'found'],
  );
  const left = searchingUntil === null ? null : Math.max(0, searchingUntil - Date.now());
  return (
    <Group gap="sm">
      <Text size="sm" component="div">
        {searchingUntil === null || left === null ? (
          'Registration is open.'
        ) : (
          <>
            Registration is open for{' '}
            {left < 60_000 ? 'less than a minute' : `${Math.round(left / 60_000)} min`}, until{' '}
            <Time ms={searchingUntil} minutes />.
          </>
        )}{' '}
        What turns up waits in Archive → Found Devices.
      </Text>
      {mayEnd && (
        <Button
          size="xs"
          variant="default"
          loading={end.isPending}
          onClick={() =>
            end.mutate(undefined, {
              onSuccess: () => told('Registration is being closed.'),
              onError: (error) => failed('Registration could not be closed', error),
            })
          }
        >
          Stop
        </Button>
      )}
    </Group>
  );
}
