import { catalog } from '../../tenants/catalog/index.ts';
import { anybody } from '../access.ts';
import { productList } from '../contract/tenant.ts';
import { createRoute, createRouter } from '../router.ts';
import { productView } from '../views.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/products',
  operationId: 'listProducts',
  tags: ['Products'],
  access: anybody,
  summary: 'Products and their plans',
  responses: {
    200: {
      description: 'Everything on sale, in the order of the price page',
      content: { 'application/json': { schema: productList } },
    },
  },
});

export const productRoutes = () =>
  createRouter().openapi(route, (c) => c.json({ products: catalog.map(productView) }, 200));
