/* What a port's USB ids say about how it must be treated. */
#ifndef CORE_USB_H
#define CORE_USB_H

#include "core/ports/port.h"

enum usb_kind {
    USB_BRIDGE,      /* an adapter beside the chip; also every port without USB ids */
    USB_HOLDS_LINES, /* an adapter whose RTS follows its flow control once DTR is released */
    USB_JTAG,        /* the USB Serial/JTAG unit inside the chip: it reads DTR and RTS itself */
    USB_OTG,         /* the USB device that the chip's ROM or stub plays */
};

enum usb_kind usb_kind_of(const struct port *port);

/* Whether the chip itself is the device: no rate, and the port may vanish with each reset. */
bool usb_is_native(const struct port *port);

#endif
