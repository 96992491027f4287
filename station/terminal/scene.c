#include "station/terminal/scene.h"

#include <stdlib.h>

bool scene_reserve(struct scene *scene, size_t count)
{
    if (count <= scene->cap)
        return true;
    struct tile *tiles = realloc(scene->tiles, count * sizeof tiles[0]);
    if (!tiles)
        return false;
    scene->tiles = tiles;
    scene->cap = count;
    return true;
}

void scene_done(struct scene *scene)
{
    free(scene->tiles);
    *scene = (struct scene){ 0 };
}
