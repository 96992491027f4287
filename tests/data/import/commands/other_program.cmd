idf.py flash
