ALTER TABLE `meters` ADD `referencing` text;--> statement-breakpoint
ALTER TABLE `meters` ADD `suite` integer;--> statement-breakpoint
ALTER TABLE `meters` ADD `signing_key` text;--> statement-breakpoint
ALTER TABLE `meters` ADD `sealed_signing_key` text;