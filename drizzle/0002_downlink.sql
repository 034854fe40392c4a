CREATE TABLE `blacklist` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`address` text NOT NULL,
	`reason` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `blacklist_address` ON `blacklist` (`address`);--> statement-breakpoint
CREATE TABLE `clock_corrections` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`meter_id` integer NOT NULL,
	`time` integer NOT NULL,
	`drift_ms` integer NOT NULL,
	`action` text NOT NULL,
	`left_ms` integer
);
--> statement-breakpoint
CREATE INDEX `clock_corrections_meter` ON `clock_corrections` (`meter_id`,`time`);--> statement-breakpoint
CREATE TABLE `found_devices` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`channel` text NOT NULL,
	`address` text NOT NULL,
	`via` text NOT NULL,
	`state` text NOT NULL,
	`found_at` integer NOT NULL,
	`seen_at` integer NOT NULL,
	`proposal` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `found_devices_address` ON `found_devices` (`channel`,`address`);--> statement-breakpoint
CREATE TABLE `log_marks` (
	`meter_id` integer NOT NULL,
	`kind` integer NOT NULL,
	`entries` integer NOT NULL,
	`last` text NOT NULL,
	`checked_at` integer NOT NULL,
	PRIMARY KEY(`meter_id`, `kind`)
);
--> statement-breakpoint
CREATE TABLE `network_key_changes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`channel` text NOT NULL,
	`meter_id` integer NOT NULL,
	`sealed_key` text NOT NULL,
	`state` text NOT NULL,
	`actor` text NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE TABLE `network_key_steps` (
	`change_id` integer NOT NULL,
	`meter_id` integer NOT NULL,
	`state` text NOT NULL,
	`message` text,
	`at` integer,
	PRIMARY KEY(`change_id`, `meter_id`)
);
--> statement-breakpoint
CREATE TABLE `network_keys` (
	`channel` text NOT NULL,
	`meter_id` integer NOT NULL,
	`sealed_key` text NOT NULL,
	`sealed_previous` text,
	`changed_at` integer NOT NULL,
	PRIMARY KEY(`channel`, `meter_id`)
);
--> statement-breakpoint
CREATE TABLE `network_nodes` (
	`channel` text NOT NULL,
	`address` text NOT NULL,
	`short_address` integer,
	`parent` text,
	`level` integer,
	`role` text NOT NULL,
	`quality` integer,
	`phases` integer,
	`detail` text NOT NULL,
	`seen_at` integer NOT NULL,
	PRIMARY KEY(`channel`, `address`)
);
--> statement-breakpoint
ALTER TABLE `meter_states` ADD `offline_since` integer;--> statement-breakpoint
ALTER TABLE `meters` ADD `transport` text;--> statement-breakpoint
ALTER TABLE `meters` ADD `node` text;--> statement-breakpoint
ALTER TABLE `meters` ADD `opening` text;--> statement-breakpoint
ALTER TABLE `meters` ADD `baud_rate` integer;--> statement-breakpoint
ALTER TABLE `meters` ADD `parity` text;--> statement-breakpoint
ALTER TABLE `meters` ADD `sealed_master_key` text;--> statement-breakpoint
ALTER TABLE `meters` ADD `replaced_by` integer;--> statement-breakpoint
ALTER TABLE `meters` ADD `replaced_at` integer;--> statement-breakpoint
ALTER TABLE `task_items` ADD `window` text;