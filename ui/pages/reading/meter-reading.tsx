import { Button, Group, Menu, Stack, Text } from '@mantine/core';
import { IconPlugConnected, IconPlugOff, IconRefresh } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { DataTable } from 'mantine-datatable';
import { useState } from 'react';
import type { Meter } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { readMeterNow, useLastReadings, useReadNow, useRelay } from '../../api/operating.ts';
import { useRight } from '../../api/queries.ts';
import { agoText, scaledText } from '../../format.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { MeterLink } from '../../parts/meter-link.tsx';
import { Page } from '../../parts/page.tsx';
import { NOT_A_PHONE, OnPhone } from '../../parts/phone.tsx';
import { Problem, told } from '../../parts/problem.tsx';
import { RelayBadge } from '../../parts/relay-badge.tsx';
import { Time } from '../../parts/time.tsx';
import { PAGE_SIZES, useMeterFilters } from '../meters/filters.ts';
import { MeterSearch } from '../meters/meter-search.tsx';

const ACTIVE_POWER_IMPORT = '1.0.1.7.0.255';
const ACTIVE_ENERGY_IMPORT = '1.0.1.8.0.255';
/** Reads asked for at once; the lines keep their own order behind that. */
const AT_ONCE = 4;

/** Operating → Meter Reading (Figure 18). */
export default function MeterReading() {
  const filters = useMeterFilters();
  const { query, page, pageSize, set } = filters;
  const [selected, setSelected] = useState<Meter[]>([]);
  const mayRead = useRight('readings.execute');
  const [round, setRound] = useState<{ done: number; total: number }>();
  const meters = useQuery({
    queryKey: ['meters', query],
    queryFn: () => request('GET /api/meters', { query }),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  useLastReadings(meters.data?.rows.map(({ id }) => id) ?? []);
  const readSelected = async (): Promise<void> => {
    const waiting = [...selected];
    const total = waiting.length;
    let done = 0;
    let read = 0;
    setRound({ done, total });
    const worker = async (): Promise<void> => {
      for (let meter = waiting.shift(); meter !== undefined; meter = waiting.shift()) {
        if (await readMeterNow(meter)) read += 1;
        done += 1;
        setRound({ done, total });
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, total) }, worker));
    setRound(undefined);
    setSelected([]);
    told(`${read} of ${total} meters read.`);
  };
  return (
    <Page
      title="Meter Reading"
      actions={
        mayRead && (
          <Button
            leftSection={<IconRefresh size={16} />}
            disabled={selected.length === 0}
            loading={round !== undefined}
            onClick={() => void readSelected()}
          >
            Read selected{selected.length > 0 && ` (${selected.length})`}
          </Button>
        )
      }
    >
      <Group>
        <MeterSearch filters={filters} wide={240} />
        {round !== undefined && (
          <Text size="sm" c="dimmed" role="status" className="numbers">
            {round.done} of {round.total} read
          </Text>
        )}
      </Group>
      {meters.isError && meters.data === undefined ? (
        <Problem error={meters.error} retry={() => void meters.refetch()} />
      ) : (
        <DataTable<Meter>
          withTableBorder
          borderRadius="lg"
          highlightOnHover
          minHeight={meters.data === undefined || meters.data.rows.length === 0 ? 240 : 0}
          records={meters.data?.rows ?? []}
          fetching={meters.isPending}
          noRecordsText="No meter to read"
          totalRecords={meters.data?.total ?? 0}
          page={page}
          onPageChange={(next) => set({ page: String(next) })}
          recordsPerPage={pageSize}
          recordsPerPageOptions={PAGE_SIZES}
          onRecordsPerPageChange={(size) => set({ size: String(size) })}
          pinLastColumn
          {...(mayRead ? { selectedRecords: selected, onSelectedRecordsChange: setSelected } : {})}
          columns={[
            {
              accessor: 'number',
              title: '#',
              width: 48,
              visibleMediaQuery: NOT_A_PHONE,
              render: (_, index) => (
                <Text span inherit c="dimmed" className="numbers">
                  {(page - 1) * pageSize + index + 1}
                </Text>
              ),
            },
            {
              accessor: 'meterNo',
              title: 'MeterNo',
              render: (meter) => (
                <>
                  <MeterLink meter={meter} />
                  <OnPhone>
                    <Stack gap={4} mt={4} align="flex-start">
                      <StateBadge meter={meter} />
                      <PhoneResult meter={meter} />
                    </Stack>
                  </OnPhone>
                </>
              ),
            },
            {
              accessor: 'datetime',
              title: 'Datetime',
              visibleMediaQuery: NOT_A_PHONE,
              render: (meter) => <ReadTime meter={meter} />,
            },
            {
              accessor: 'relay',
              title: 'RelayStatus',
              visibleMediaQuery: NOT_A_PHONE,
              render: (meter) => <ReadRelay meter={meter} />,
            },
            {
              accessor: 'power',
              title: 'ActivePowerImport',
              visibleMediaQuery: NOT_A_PHONE,
              render: (meter) => <ReadPower meter={meter} />,
            },
            {
              accessor: 'state',
              title: 'State',
              visibleMediaQuery: NOT_A_PHONE,
              render: (meter) => <StateBadge meter={meter} />,
            },
            {
              accessor: 'operation',
              title: 'Operation',
              textAlign: 'right',
              render: (meter) => <Operation meter={meter} />,
            },
          ]}
        />
      )}
    </Page>
  );
}

const nothing = (
  <Text span inherit c="dimmed">
    —
  </Text>
);

/** On a phone all that was read stands below MeterNo, so that the buttons stay within reach. */
function PhoneResult({ meter }: { readonly meter: Meter }) {
  const { result } = useReadNow(meter.id);
  if (result === undefined) return null;
  return (
    <>
      <ReadRelay meter={meter} />
      <ReadPower meter={meter} />
      <Text size="xs" c="dimmed" component="div">
        <Time ms={result.meterTime} minutes /> · read {agoText(result.time, Date.now())}
      </Text>
    </>
  );
}

function ReadTime({ meter }: { readonly meter: Meter }) {
  const { result } = useReadNow(meter.id);
  if (result === undefined) return nothing;
  return (
    <>
      {result.meterTime === null ? nothing : <Time ms={result.meterTime} />}
      <Text size="xs" c="dimmed">
        read {agoText(result.time, Date.now())}
      </Text>
    </>
  );
}

function ReadRelay({ meter }: { readonly meter: Meter }) {
  const { result } = useReadNow(meter.id);
  if (result === undefined || (result.relay === null && result.meterTime === null)) return nothing;
  const { relay, relayTime, time } = result;
  return (
    <>
      <RelayBadge relay={relay} />
      {relayTime !== null && relayTime !== time && (
        <Text size="xs" c="dimmed">
          {agoText(relayTime, Date.now())}
        </Text>
      )}
    </>
  );
}

function ReadPower({ meter }: { readonly meter: Meter }) {
  const { result } = useReadNow(meter.id);
  const shown = [ACTIVE_POWER_IMPORT, ACTIVE_ENERGY_IMPORT]
    .map((obis) => result?.registers.find((register) => register.obis === obis && register.attribute === 2))
    .filter((register) => register !== undefined);
  if (shown.length === 0) return nothing;
  return (
    <>
      {shown.map((register, index) => (
        <Text
          key={register.obis}
          size={index === 0 ? 'sm' : 'xs'}
          c={index === 0 ? 'inherit' : 'dimmed'}
          fw={index === 0 ? 600 : 400}
          className="numbers"
        >
          {scaledText(register.value, register.scaler)} {register.unit}
        </Text>
      ))}
    </>
  );
}

function Operation({ meter }: { readonly meter: Meter }) {
  const { reading } = useReadNow(meter.id);
  const relay = useRelay();
  const mayRead = useRight('readings.execute');
  const maySwitch = useRight('relay.operate');
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      {mayRead && (
        <Button
          size="xs"
          variant="light"
          loading={reading}
          aria-label={`Reading ${meter.meterNo}`}
          onClick={() => void readMeterNow(meter)}
        >
          Reading
        </Button>
      )}
      {maySwitch && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button
              size="xs"
              variant="default"
              loading={relay.busy(meter.id)}
              aria-label={`Relay of ${meter.meterNo}`}
            >
              Relay
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              color="red"
              leftSection={<IconPlugOff size={16} />}
              onClick={() => relay.ask(meter, 'off')}
            >
              Switch off…
            </Menu.Item>
            <Menu.Item leftSection={<IconPlugConnected size={16} />} onClick={() => relay.ask(meter, 'on')}>
              Switch on…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </Group>
  );
}
