/* Block sizes the loaders take. A ROM acknowledges larger blocks and writes them wrong. */
#ifndef CORE_BLOCKS_H
#define CORE_BLOCKS_H

#define LOADER_ROM_BLOCK_BYTES  0x400u
#define LOADER_STUB_BLOCK_BYTES 0x4000u
#define LOADER_MEM_BLOCK_BYTES  0x1800u
#define LOADER_USB_BLOCK_BYTES  0x800u /* of any kind, to the USB device that the chip plays */

#endif
