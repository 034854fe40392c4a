import {
  Button,
  Drawer,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect } from 'react';
import type { FoundDevice, Meter } from '../../../src/api/contract.ts';
import { ApiError, request } from '../../api/client.ts';
import { useChange, useChoices } from '../../api/queries.ts';
import { Problem, told } from '../../parts/problem.tsx';
import { AddressFields } from './address-fields.tsx';
import { BalanceFields } from './balance-fields.tsx';
import { FormSection } from './form-section.tsx';
import {
  bodyOf,
  formOf,
  formOfProposal,
  formOfSuccessor,
  type MeterForm,
  meterValidation,
  type ProposedMeter,
  wayOf,
} from './meter-form.ts';
import { SecurityFields } from './security-fields.tsx';

/** TCP meters carry an address each; other channels bring their own. */
const TCP_METERS = 12;

/** What the form is for. */
export type MeterWork =
  | { readonly do: 'add' }
  | { readonly do: 'edit'; readonly meter: Meter }
  | { readonly do: 'accept'; readonly found: FoundDevice }
  | { readonly do: 'replace'; readonly meter: Meter };

const words = {
  add: { title: () => 'Add meter', action: 'Add meter', done: 'added' },
  edit: { title: (of: string) => `Edit meter ${of}`, action: 'Save', done: 'saved' },
  accept: { title: (of: string) => `Accept ${of}`, action: 'Add meter', done: 'added' },
  replace: { title: (of: string) => `Replace meter ${of}`, action: 'Replace', done: 'put into its place' },
} as const;

const subjectOf = (work: MeterWork): string =>
  work.do === 'add' ? '' : work.do === 'accept' ? work.found.address : work.meter.meterNo;

/** Adds a meter, edits one, takes in a found device, or puts a new meter into the place of one; closed without work. */
export function MeterDrawer({
  work,
  onClose,
}: {
  readonly work: MeterWork | undefined;
  readonly onClose: () => void;
}) {
  return (
    <Drawer
      opened={work !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title={
        <Text fw={600} size="lg">
          {work === undefined ? '' : words[work.do].title(subjectOf(work))}
        </Text>
      }
    >
      {work !== undefined && (
        <MeterFields key={`${work.do} ${subjectOf(work)}`} work={work} onClose={onClose} />
      )}
    </Drawer>
  );
}

type First = Parameters<typeof formOf>[1];

function startOf(work: MeterWork, first: First): MeterForm {
  switch (work.do) {
    case 'add':
      return formOf(undefined, first);
    case 'edit':
      return formOf(work.meter, first);
    case 'replace':
      return formOfSuccessor(work.meter);
    case 'accept': {
      const told = work.found.proposal?.['meter'] as ProposedMeter | undefined;
      // Behind the module the address is all that is known, and is the unit's.
      const bare = /^\d{12}$/.test(work.found.address) ? { node: work.found.address } : {};
      const meterNo = 'node' in bare ? bare.node.replace(/^0+(?=\d)/, '') : '';
      return formOfProposal(told ?? { meterNo, channel: work.found.channel, address: bare }, first);
    }
  }
}

function save(work: MeterWork, body: ReturnType<typeof bodyOf>): Promise<{ readonly meterNo: string }> {
  switch (work.do) {
    case 'add':
      return request('POST /api/meters', { body });
    case 'edit':
      return request('PATCH /api/meters/:id', { params: { id: work.meter.id }, body });
    case 'accept':
      return request('POST /api/found/:id/accept', { params: { id: work.found.id }, body });
    case 'replace': {
      const { meterNo, address, security, secrets } = body;
      const replacement = { meterNo, address, security, ...(secrets === undefined ? {} : { secrets }) };
      return request('POST /api/meters/:id/replace', {
        params: { id: work.meter.id },
        body: replacement,
      }).then((done) => done.new);
    }
  }
}

function MeterFields({ work, onClose }: { readonly work: MeterWork; readonly onClose: () => void }) {
  const choices = useChoices().data;
  const first = {
    channel: choices?.channels.find((channel) => channel.commType === TCP_METERS)?.name ?? '',
    task: choices?.tasks.find((task) => task === 'single_phase') ?? '',
    profile: choices?.profiles[0]?.name ?? '',
  };
  const form = useForm<MeterForm>({
    initialValues: startOf(work, first),
    validate: meterValidation,
    validateInputOnBlur: true,
  });
  const { setFieldValue } = form;
  const { channel: firstChannel, task: firstTask, profile: firstProfile } = first;
  const isNew = work.do === 'add' || work.do === 'accept';
  useEffect(() => {
    if (!isNew || firstChannel === '') return;
    setFieldValue('channel', (before) => before || firstChannel);
    setFieldValue('task', (before) => before || firstTask);
    setFieldValue('profile', (before) => before || firstProfile);
  }, [isNew, firstChannel, firstTask, firstProfile, setFieldValue]);
  const wayOfChannel = (name: string) =>
    wayOf(choices?.channels.find((channel) => channel.name === name)?.commType);
  const way = wayOfChannel(form.values.channel);
  const change = useChange(
    (body: ReturnType<typeof bodyOf>) => save(work, body),
    ['meters', 'meter', 'found', 'home', 'choices', 'balance'],
  );
  const submit = form.onSubmit((values) =>
    change.mutate(bodyOf(values, way), {
      onSuccess: (saved) => {
        told(`Meter ${saved.meterNo} has been ${words[work.do].done}.`);
        onClose();
      },
      onError: (error) => {
        if (!(error instanceof ApiError) || error.field === undefined) return;
        form.setFieldError(
          SECRET_FIELDS.has(error.field) ? `secrets.${error.field}` : error.field,
          error.message,
        );
      },
    }),
  );
  const chooseChannel = (channel: string | null): void => {
    setFieldValue('channel', channel ?? '');
    if (!isNew || channel === null) return;
    // IP meters mostly speak the wrapper, all others HDLC.
    setFieldValue('address.framing', wayOfChannel(channel) === 'ip' ? 'wrapper' : 'hdlc');
  };
  // A successor has fields that are not shown, since it takes them over.
  const placed =
    work.do !== 'replace' && change.error instanceof ApiError && change.error.field !== undefined;
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="lg">
        {change.isError && !placed && <Problem error={change.error} />}
        {work.do === 'replace' && (
          <Text size="sm">
            Meter {work.meter.meterNo} is disabled and keeps all that was read of it. The new meter takes over
            its channel, task, profile, phase, wiring and its place in the balance.
          </Text>
        )}
        <FormSection title="Meter">
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput
              label={work.do === 'replace' ? 'MeterNo of the new meter' : 'MeterNo'}
              required
              data-autofocus
              {...form.getInputProps('meterNo')}
            />
            {work.do !== 'replace' && (
              <>
                <Switch
                  label="Enabled: the meter is read by its task"
                  mt={{ base: 0, xs: 30 }}
                  {...form.getInputProps('enabled', { type: 'checkbox' })}
                />
                <Select
                  label="Channel"
                  required
                  data={choices?.channels.map((channel) => channel.name) ?? []}
                  {...form.getInputProps('channel')}
                  onChange={chooseChannel}
                />
                <Select label="Task" required data={choices?.tasks ?? []} {...form.getInputProps('task')} />
                <Select
                  label="Profile"
                  required
                  data={choices?.profiles.map(({ name, title }) => ({ value: name, label: title })) ?? []}
                  {...form.getInputProps('profile')}
                />
                <NumberInput
                  label="MAC"
                  description="-1 = not yet known"
                  inputWrapperOrder={['label', 'input', 'description', 'error']}
                  {...form.getInputProps('mac')}
                />
              </>
            )}
          </SimpleGrid>
          {work.do !== 'replace' && (
            <SimpleGrid cols={{ base: 2, xs: 5 }}>
              <NumberInput label="MeterType" {...form.getInputProps('meterType')} />
              <NumberInput label="Phase" {...form.getInputProps('phase')} />
              <NumberInput label="Credit" {...form.getInputProps('credit')} />
              <NumberInput label="Prepaid" {...form.getInputProps('prepaid')} />
              <NumberInput label="Wiring" {...form.getInputProps('wiring')} />
            </SimpleGrid>
          )}
        </FormSection>
        {work.do !== 'replace' && <BalanceFields form={form} balances={choices?.balances ?? []} />}
        <AddressFields form={form} way={way} />
        <SecurityFields form={form} stored={work.do === 'edit' ? work.meter : undefined} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={change.isPending}
            {...(work.do === 'replace' ? { color: 'orange' } : {})}
          >
            {words[work.do].action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The store names secrets without the group that they are in here. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'password',
  'encryptionKey',
  'authenticationKey',
  'masterKey',
  'signingKey',
]);
