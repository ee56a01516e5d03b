// value returns the value of a point of the grid; the kernel's file defines it.
real value(int row, int col);

// around returns the values of a point and its neighbours.
Around around(int row, int col)
{
	int above = row_at(row - 1), below = row_at(row + 1), west = column_at(col - 1), east = column_at(col + 1);
	int up = above < 0 ? row : above, down = below < 0 ? row : below;
	Around u;
	u.here = value(row, col);
	u.east = value(row, east);
	u.west = value(row, west);
	u.south = value(down, col);
	u.north = value(up, col);
	if (EIGHT_NEIGHBOURS) {
		u.southeast = value(down, east);
		u.northwest = value(up, west);
		u.southwest = value(down, west);
		u.northeast = value(up, east);
	}
	return u;
}
