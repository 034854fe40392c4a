import { ActionIcon, Badge, Button, Collapse, Group, Stack, Text, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconX } from '@tabler/icons-react';
import type { CollectorSnapshot } from '../../src/api/contract.ts';
import { request } from '../api/client.ts';
import { useChange, useRight } from '../api/queries.ts';
import { MeterLink } from './meter-link.tsx';
import { failed } from './problem.tsx';

const SHOWN = 20;

type Job = CollectorSnapshot['jobs'][number];

/** What runs and waits, each with a way to call it off. */
export function JobList({ jobs }: { readonly jobs: readonly Job[] }) {
  const [opened, { toggle }] = useDisclosure(false);
  if (jobs.length === 0) return null;
  const running = jobs.filter((job) => job.state === 'running');
  const shown = [...running, ...jobs.filter((job) => job.state === 'queued')].slice(0, SHOWN);
  return (
    <>
      <Button variant="subtle" color="gray" size="xs" mt="sm" onClick={toggle} aria-expanded={opened}>
        {opened ? 'Hide' : 'Show'} reads: {running.length} running, {jobs.length - running.length} waiting
      </Button>
      <Collapse expanded={opened}>
        <Stack gap={4} mt="xs">
          {shown.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
          {jobs.length > shown.length && (
            <Text size="xs" c="dimmed">
              and {jobs.length - shown.length} more
            </Text>
          )}
        </Stack>
      </Collapse>
    </>
  );
}

function JobRow({ job }: { readonly job: Job }) {
  const cancel = useChange(() => request('DELETE /api/jobs/:id', { params: { id: job.id } }), ['home']);
  return (
    <Group gap="xs" wrap="nowrap" justify="space-between">
      <Group gap="xs" wrap="nowrap" miw={0}>
        <Badge
          size="sm"
          variant="light"
          color={job.state === 'running' ? 'blue' : 'gray'}
          tt="none"
          miw="max-content"
        >
          {job.state === 'running' ? 'Running' : 'Waiting'}
        </Badge>
        <Text size="sm" truncate>
          <MeterLink meter={{ id: job.meterId, meterNo: job.meterNo }} /> {job.name}{' '}
          <Text span inherit c="dimmed">
            · {job.line}
          </Text>
        </Text>
      </Group>
      {useRight('readings.execute') && (
        <Tooltip label="Cancel this read">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={`Cancel ${job.name} of ${job.meterNo}`}
            loading={cancel.isPending}
            onClick={() =>
              cancel.mutate(undefined, { onError: (error) => failed('Could not cancel the read', error) })
            }
          >
            <IconX size={14} />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  );
}
