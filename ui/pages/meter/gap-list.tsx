import { Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import type { Profile } from '../../../src/api/contract.ts';
import { dateMinute } from '../../format.ts';
import { gapText } from './gap-text.ts';
import { gapColors } from './profile-chart.tsx';

const SHOWN = 4;

/** The gaps of a profile with their causes, newest first. */
export function GapList({ gaps, zone }: { readonly gaps: Profile['gaps']; readonly zone: string }) {
  const [all, setAll] = useState(false);
  if (gaps.length === 0) return null;
  const newest = gaps.toReversed();
  return (
    <Stack gap={2}>
      {(all ? newest : newest.slice(0, SHOWN)).map((gap) => (
        <Group key={gap.fromMs} gap={0} style={{ columnGap: 'var(--mantine-spacing-sm)' }}>
          <Text size="sm" className="numbers">
            <Text span inherit c={gapColors[gap.reason]} aria-hidden>
              ▨{' '}
            </Text>
            {dateMinute(gap.fromMs, zone)} – {dateMinute(gap.toMs, zone)}
          </Text>
          <Text size="sm" c="dimmed">
            {gapText(gap)}
          </Text>
        </Group>
      ))}
      {newest.length > SHOWN && (
        <UnstyledButton onClick={() => setAll(!all)} style={{ alignSelf: 'flex-start' }}>
          <Text size="sm" c="tide">
            {all ? 'Fewer' : `${newest.length - SHOWN} more gaps`}
          </Text>
        </UnstyledButton>
      )}
    </Stack>
  );
}
