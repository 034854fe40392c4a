import {
  Button,
  Drawer,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { ApiError } from '../api/client.ts';
import { CronField } from './cron-field.tsx';
import type { Field, FieldValue } from './field.ts';
import { Problem } from './problem.tsx';

interface EditProps<Form extends Record<string, FieldValue>> {
  readonly title: string;
  readonly fields: readonly Field<Form>[];
  readonly initial: Form;
  readonly save: (form: Form) => Promise<unknown>;
  readonly onClose: () => void;
}

/** The drawer in which a row of a settings table is added or changed. */
export function EditDrawer<Form extends Record<string, FieldValue>>({
  opened,
  ...props
}: EditProps<Form> & { readonly opened: boolean }) {
  return (
    <Drawer
      opened={opened}
      onClose={props.onClose}
      position="right"
      title={
        <Text fw={600} size="lg">
          {props.title}
        </Text>
      }
    >
      {opened && <EditForm {...props} />}
    </Drawer>
  );
}

function EditForm<Form extends Record<string, FieldValue>>({
  fields,
  initial,
  save,
  onClose,
}: EditProps<Form>) {
  const form = useForm<Record<string, FieldValue>>({
    initialValues: initial,
    validate: (values) =>
      Object.fromEntries(
        fields.map(({ key, required, kind, label }) => [
          key,
          (required === true || kind === 'number') && values[key] === '' ? `${label} is needed` : null,
        ]),
      ),
  });
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = form.onSubmit(async (values) => {
    setSaving(true);
    setError(undefined);
    try {
      await save(values as Form);
      onClose();
    } catch (thrown) {
      const placed =
        thrown instanceof ApiError &&
        thrown.field !== undefined &&
        fields.some((field) => field.key === thrown.field);
      if (placed && thrown.field !== undefined) form.setFieldError(thrown.field, thrown.message);
      else setError(thrown);
    } finally {
      setSaving(false);
    }
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {error !== undefined && <Problem error={error} />}
        {fields.map((field, index) => (
          <Input
            key={field.key}
            field={field as unknown as Field<Record<string, FieldValue>>}
            first={index === 0}
            value={form.values[field.key] ?? ''}
            error={form.errors[field.key]}
            onChange={(value) => form.setValues({ [field.key]: value })}
          />
        ))}
        <Group justify="flex-end" mt="sm">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={saving}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Input({
  field,
  first,
  value,
  error,
  onChange,
}: {
  readonly field: Field<Record<string, FieldValue>>;
  readonly first: boolean;
  readonly value: FieldValue;
  readonly error: React.ReactNode;
  readonly onChange: (value: FieldValue) => void;
}) {
  const { kind, label, help, options = [], required = false, disabled = false, note } = field;
  const common = {
    label,
    error,
    disabled,
    description: note?.(value) ?? help,
    inputWrapperOrder: ['label', 'input', 'description', 'error'] as (
      | 'label'
      | 'input'
      | 'description'
      | 'error'
    )[],
    ...(first ? { 'data-autofocus': true } : {}),
  };
  switch (kind) {
    case 'switch':
      return (
        <Switch
          label={label}
          description={help}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case 'number':
      return <NumberInput {...common} required value={value as number | string} onChange={onChange} />;
    case 'select':
      return (
        <Select
          {...common}
          required={required}
          allowDeselect={false}
          searchable={options.length > 8}
          data={[...options]}
          value={String(value)}
          onChange={(chosen) => onChange(chosen ?? '')}
        />
      );
    case 'secret':
      return (
        <PasswordInput
          {...common}
          autoComplete="new-password"
          value={String(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case 'cron':
      return <CronField label={label} error={error} value={String(value)} onChange={onChange} />;
    case 'text':
      return (
        <TextInput
          {...common}
          required={required}
          value={String(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
