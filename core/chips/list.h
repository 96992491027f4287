/* The chips: add a line here and a file of that name. Order is free: look-up is by name, id, magic.
 */
CHIP(esp8266)
CHIP(esp32)
