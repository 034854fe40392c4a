CREATE TABLE `accounts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`role` text NOT NULL,
	`must_change_password` integer NOT NULL,
	`disabled` integer NOT NULL,
	`password_hash` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_name` ON `accounts` (`name`);--> statement-breakpoint
CREATE TABLE `attempt_counters` (
	`item_id` integer NOT NULL,
	`code` text NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`item_id`, `code`)
);
--> statement-breakpoint
CREATE TABLE `attempts` (
	`meter_id` integer NOT NULL,
	`item_id` integer NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer NOT NULL,
	`added` integer NOT NULL,
	`error` text,
	`message` text,
	`last_success` integer,
	`successes` integer NOT NULL,
	`failures` integer NOT NULL,
	PRIMARY KEY(`meter_id`, `item_id`)
);
--> statement-breakpoint
CREATE TABLE `audit` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`time` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`subject` text NOT NULL,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_time` ON `audit` (`time`);--> statement-breakpoint
CREATE TABLE `channel_attributes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`owner` text NOT NULL,
	`key` text NOT NULL,
	`value` text NOT NULL,
	`description` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `channel_attributes_key` ON `channel_attributes` (`owner`,`key`);--> statement-breakpoint
CREATE TABLE `channels` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`protocol` text NOT NULL,
	`task` text NOT NULL,
	`enabled` integer NOT NULL,
	`read_timeout_s` integer NOT NULL,
	`write_timeout_s` integer NOT NULL,
	`comm_type` integer NOT NULL,
	`description` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `channels_name` ON `channels` (`name`);--> statement-breakpoint
CREATE TABLE `clock_checks` (
	`meter_id` integer PRIMARY KEY NOT NULL,
	`time` integer NOT NULL,
	`drift_ms` integer NOT NULL,
	`action` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `coverage` (
	`meter_id` integer NOT NULL,
	`kind` integer NOT NULL,
	`from_ms` integer NOT NULL,
	`to_ms` integer NOT NULL,
	PRIMARY KEY(`meter_id`, `kind`, `from_ms`)
);
--> statement-breakpoint
CREATE TABLE `events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`meter_id` integer NOT NULL,
	`kind` integer NOT NULL,
	`time` integer NOT NULL,
	`code` integer NOT NULL,
	`clock_status` integer NOT NULL,
	`extra` text NOT NULL,
	`ordinal` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `events_identity` ON `events` (`meter_id`,`kind`,`time`,`code`,`extra`,`ordinal`);--> statement-breakpoint
CREATE INDEX `events_time` ON `events` (`kind`,`time`);--> statement-breakpoint
CREATE TABLE `invocation_counters` (
	`key_id` text PRIMARY KEY NOT NULL,
	`next` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `logbook` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`time` integer NOT NULL,
	`type` text NOT NULL,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `logbook_time` ON `logbook` (`time`);--> statement-breakpoint
CREATE TABLE `login_failures` (
	`subject` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`blocked_until` integer
);
--> statement-breakpoint
CREATE TABLE `meter_layouts` (
	`meter_id` integer NOT NULL,
	`kind` integer NOT NULL,
	`layout_id` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`meter_id`, `kind`, `layout_id`)
);
--> statement-breakpoint
CREATE TABLE `meter_states` (
	`meter_id` integer PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`changed_at` integer NOT NULL,
	`last_seen` integer
);
--> statement-breakpoint
CREATE TABLE `meters` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`meter_no` text NOT NULL,
	`enabled` integer NOT NULL,
	`mac` integer NOT NULL,
	`channel` text NOT NULL,
	`meter_type` integer NOT NULL,
	`phase` integer NOT NULL,
	`credit` integer NOT NULL,
	`task` text NOT NULL,
	`prepaid` integer NOT NULL,
	`wiring` integer NOT NULL,
	`profile` text NOT NULL,
	`framing` text NOT NULL,
	`host` text,
	`port` integer,
	`client_address` integer NOT NULL,
	`server_address` integer NOT NULL,
	`physical_address` integer,
	`address_bytes` integer NOT NULL,
	`auth` text NOT NULL,
	`policy` text NOT NULL,
	`system_title` text,
	`sealed_password` text,
	`sealed_encryption_key` text,
	`sealed_authentication_key` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `meters_meter_no` ON `meters` (`meter_no`);--> statement-breakpoint
CREATE INDEX `meters_channel` ON `meters` (`channel`);--> statement-breakpoint
CREATE INDEX `meters_task` ON `meters` (`task`);--> statement-breakpoint
CREATE TABLE `profile_chunks` (
	`id` integer PRIMARY KEY NOT NULL,
	`meter_id` integer NOT NULL,
	`kind` integer NOT NULL,
	`bucket` integer NOT NULL,
	`layout_id` integer NOT NULL,
	`rows` integer NOT NULL,
	`min_ms` integer NOT NULL,
	`max_ms` integer NOT NULL,
	`data` blob NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `profile_chunks_key` ON `profile_chunks` (`meter_id`,`kind`,`bucket`,`layout_id`);--> statement-breakpoint
CREATE INDEX `profile_chunks_bucket` ON `profile_chunks` (`kind`,`bucket`);--> statement-breakpoint
CREATE TABLE `profile_layouts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`columns` text NOT NULL,
	`shape` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `profile_layouts_columns` ON `profile_layouts` (`columns`,`shape`);--> statement-breakpoint
CREATE TABLE `protocol_attributes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`owner` text NOT NULL,
	`key` text NOT NULL,
	`value` text NOT NULL,
	`description` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `protocol_attributes_key` ON `protocol_attributes` (`owner`,`key`);--> statement-breakpoint
CREATE TABLE `protocols` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`direction` text NOT NULL,
	`description` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `protocols_name` ON `protocols` (`name`);--> statement-breakpoint
CREATE TABLE `registers` (
	`meter_id` integer NOT NULL,
	`class_id` integer NOT NULL,
	`obis` text NOT NULL,
	`attribute` integer NOT NULL,
	`time` integer NOT NULL,
	`type` text NOT NULL,
	`value` text NOT NULL,
	`scaler` integer,
	`unit` integer,
	PRIMARY KEY(`meter_id`, `class_id`, `obis`, `attribute`)
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`token_hash` text PRIMARY KEY NOT NULL,
	`account_id` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sessions_account` ON `sessions` (`account_id`);--> statement-breakpoint
CREATE TABLE `settings` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`key` text NOT NULL,
	`value` text NOT NULL,
	`description` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `settings_key` ON `settings` (`key`);--> statement-breakpoint
CREATE TABLE `store_facts` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `task_groups` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`enabled` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `task_groups_name` ON `task_groups` (`name`);--> statement-breakpoint
CREATE TABLE `task_items` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`task` text NOT NULL,
	`interval_s` integer NOT NULL,
	`offset_s` integer NOT NULL,
	`max_recall_s` integer NOT NULL,
	`enabled` integer NOT NULL,
	`priority` integer NOT NULL,
	`type` text NOT NULL,
	`cron` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `task_items_task` ON `task_items` (`task`);