/* What the project's own stub has written, as a statement for the step of tables.c that brings it
 * (version 5). Its attempts have the loader 'stub', and here NULL becomes: it wrote the board and
 * proved it, or another loader proved it once more. */
/* clang-format off */
    "ALTER TABLE attempt ADD COLUMN fast TEXT CHECK (fast IN ('written', 'proved-twice'))",
