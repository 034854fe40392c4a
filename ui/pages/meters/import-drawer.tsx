import {
  Alert,
  Button,
  Checkbox,
  Drawer,
  FileButton,
  Group,
  Paper,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
} from '@mantine/core';
import { IconFileText } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type DragEvent, useState } from 'react';
import type { ImportPlan } from '../../../src/api/contract.ts';
import { ApiError, request } from '../../api/client.ts';
import { useChange } from '../../api/queries.ts';
import { Problem, told } from '../../parts/problem.tsx';
import { ImportTable } from './import-table.tsx';

type Delimiter = 'auto' | ',' | ';' | '\t' | '|';

/** Enters meters of a CSV file, after a look at what that would do. */
export function ImportDrawer({
  opened,
  onClose,
}: {
  readonly opened: boolean;
  readonly onClose: () => void;
}) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size="min(100%, 64rem)"
      title={
        <Text fw={600} size="lg">
          Import meters
        </Text>
      }
    >
      {opened && <ImportSteps onClose={onClose} />}
    </Drawer>
  );
}

/** Spreadsheets save as UTF-8 or, with its mark in front, UTF-16; what is neither the concentrator tells by line. */
async function textOf(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  const encoding = mark === 0xff_fe ? 'utf-16le' : mark === 0xfe_ff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

function ImportSteps({ onClose }: { readonly onClose: () => void }) {
  const [csv, setCsv] = useState('');
  const [name, setName] = useState('');
  const [delimiter, setDelimiter] = useState<Delimiter>('auto');
  const [update, setUpdate] = useState(false);
  const [soundOnly, setSoundOnly] = useState(false);
  const preview = useMutation({
    mutationFn: () => request('POST /api/meters/import/preview', { body: { csv, delimiter, update } }),
  });
  const apply = useChange(
    (digest: string) =>
      request('POST /api/meters/import', {
        body: {
          csv,
          delimiter,
          update,
          soundOnly,
          digest,
          ...(name === '' ? {} : { file: name.slice(0, 128) }),
        },
      }),
    ['meters', 'meter', 'home'],
  );
  /** What was looked at holds for what it was made of only. */
  const changed = (): void => {
    preview.reset();
    apply.reset();
  };
  const take = async (file: File | null): Promise<void> => {
    if (file === null) return;
    setCsv(await textOf(file));
    setName(file.name);
    changed();
  };
  if (apply.data?.applied === true) return <Done result={apply.data} onClose={onClose} />;
  return (
    <Stack>
      <Source
        csv={csv}
        name={name}
        take={(file) => void take(file)}
        paste={(text) => {
          setCsv(text);
          setName('');
          changed();
        }}
      />
      <Group gap="lg" align="flex-end">
        <Select
          label="Delimiter"
          allowDeselect={false}
          data={[
            { value: 'auto', label: 'As the file shows' },
            { value: ',', label: 'Comma' },
            { value: ';', label: 'Semicolon' },
            { value: '\t', label: 'Tab' },
            { value: '|', label: 'Bar' },
          ]}
          value={delimiter}
          onChange={(value) => {
            setDelimiter(value ?? 'auto');
            changed();
          }}
          w={180}
        />
        <Switch
          label="Change meters that are in the archive already"
          mb={8}
          checked={update}
          onChange={(event) => {
            setUpdate(event.currentTarget.checked);
            changed();
          }}
        />
        <Button
          ml="auto"
          variant={preview.data === undefined ? 'filled' : 'default'}
          disabled={csv.trim() === ''}
          loading={preview.isPending}
          onClick={() => preview.mutate()}
        >
          Preview
        </Button>
      </Group>
      {preview.isError && <Problem error={preview.error} />}
      {apply.isError && <Problem error={apply.error} />}
      {apply.error instanceof ApiError && apply.error.field === 'digest' && (
        <Button
          variant="light"
          onClick={() => {
            apply.reset();
            preview.mutate();
          }}
        >
          Look again
        </Button>
      )}
      {preview.data !== undefined && (
        <>
          <ImportTable plan={preview.data} />
          <ApplyBar
            plan={preview.data}
            soundOnly={soundOnly}
            setSoundOnly={setSoundOnly}
            applying={apply.isPending}
            apply={apply.mutate}
          />
        </>
      )}
    </Stack>
  );
}

function Source({
  csv,
  name,
  take,
  paste,
}: {
  readonly csv: string;
  readonly name: string;
  readonly take: (file: File | null) => void;
  readonly paste: (text: string) => void;
}) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0] ?? null);
  };
  return (
    <Stack gap="xs">
      <Paper
        withBorder
        radius="md"
        p="md"
        style={{
          borderStyle: 'dashed',
          ...(over ? { borderColor: 'var(--mantine-primary-color-filled)' } : {}),
        }}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <Group gap="sm">
          <IconFileText size={20} />
          <Text size="sm">{name === '' ? 'Drop a CSV file here, or' : name}</Text>
          <FileButton onChange={take} accept=".csv,.txt,text/csv">
            {(props) => (
              <Button {...props} size="xs" variant="light">
                Choose file
              </Button>
            )}
          </FileButton>
        </Group>
      </Paper>
      <Textarea
        label="or paste it"
        description="The first line holds the headings of the export, in any order; MeterNo is needed. Password, EncryptionKey and AuthenticationKey may be among them."
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        minRows={3}
        maxRows={8}
        autosize
        spellCheck={false}
        styles={{
          input: { fontFamily: 'var(--mantine-font-family-monospace)', whiteSpace: 'pre', overflowX: 'auto' },
        }}
        value={name === '' ? csv : ''}
        placeholder={name === '' ? 'MeterNo,Channel,Task,Host,Port' : `From ${name}`}
        onChange={(event) => paste(event.currentTarget.value)}
      />
    </Stack>
  );
}

function ApplyBar({
  plan: { counts, digest },
  soundOnly,
  setSoundOnly,
  applying,
  apply,
}: {
  readonly plan: ImportPlan;
  readonly soundOnly: boolean;
  readonly setSoundOnly: (value: boolean) => void;
  readonly applying: boolean;
  readonly apply: (digest: string) => void;
}) {
  const work = counts.create + counts.update;
  const label = [
    ...(counts.create > 0 ? [`add ${counts.create}`] : []),
    ...(counts.update > 0 ? [`change ${counts.update}`] : []),
  ].join(' and ');
  return (
    <Group justify="flex-end">
      {counts.error > 0 && (
        <Checkbox
          label={`Leave out the ${counts.error} ${counts.error === 1 ? 'row' : 'rows'} with errors`}
          checked={soundOnly}
          onChange={(event) => setSoundOnly(event.currentTarget.checked)}
        />
      )}
      <Button
        disabled={work === 0 || (counts.error > 0 && !soundOnly)}
        loading={applying}
        onClick={() => apply(digest)}
      >
        {work === 0 ? 'Nothing to do' : `Import: ${label}`}
      </Button>
    </Group>
  );
}

function Done({ result, onClose }: { readonly result: ImportPlan; readonly onClose: () => void }) {
  const { create, update, unchanged, error } = result.counts;
  return (
    <Stack>
      <Alert color="teal" title="Imported">
        {create} added, {update} changed, {unchanged} as they were, {error} left out.
      </Alert>
      <ImportTable plan={result} />
      <Group justify="flex-end">
        <Button
          onClick={() => {
            told(`${create + update} meters imported.`);
            onClose();
          }}
        >
          Close
        </Button>
      </Group>
    </Stack>
  );
}
