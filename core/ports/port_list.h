/* The transports, tried in this order by prefix: add a line here and a file port_NAME.c. */
PORT(rfc2217)
PORT(socket)
PORT(serial)
