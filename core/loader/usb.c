#include "core/loader/usb.h"

#include "core/facts/chip.h"

#define ESPRESSIF_VID 0x303A
#define JTAG_PID      0x1001

/* CP2102C of Silicon Labs. */
#define SILABS_VID  0x10C4
#define CP2102C_PID 0xEA64

enum usb_kind usb_kind_of(const struct port *port)
{
    const struct port_usb *usb = &port->usb;
    if (usb->vid == SILABS_VID && usb->pid == CP2102C_PID)
        return USB_HOLDS_LINES;
    if (usb->vid != ESPRESSIF_VID)
        return USB_BRIDGE;
    if (usb->pid == JTAG_PID)
        return USB_JTAG;
    const struct chip *chip = chip_by_image_id(usb->pid);
    return chip && (chip->flags & CHIP_USB_OTG) ? USB_OTG : USB_BRIDGE;
}

bool usb_is_native(const struct port *port)
{
    enum usb_kind kind = usb_kind_of(port);
    return kind == USB_JTAG || kind == USB_OTG;
}
